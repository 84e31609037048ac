"""What people read: tables, charts, profiles and pages of a release; the only place that rounds."""
