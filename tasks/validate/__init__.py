"""ValidateUpload: decides whether an uploaded object is a recording that can be processed."""
