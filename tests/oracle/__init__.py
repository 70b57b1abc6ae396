"""An independent oracle: exhaustive truth on small formats, sharing only the plain data types with the project."""
