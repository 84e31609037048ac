"""Pure array functions of the handbook: shapes in, shapes out, no files."""
