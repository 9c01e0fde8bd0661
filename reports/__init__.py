"""Reports: one document to text, JSON and other forms."""
