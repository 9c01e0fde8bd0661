"""Evidence for licences: texts of licences by their likeness to known ones, and the front matter of model cards."""
