"""A report written out: as one HTML file, as Markdown. Both escape all that they are given."""
