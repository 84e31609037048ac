"""The commands, one function each: the project and the arguments in, the exit code out."""
