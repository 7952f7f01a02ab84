"""Numbers to text: tables to read, to print and to keep, in text, Markdown, LaTeX, CSV and JSON."""
