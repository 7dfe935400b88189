"""What a browser is told that a file is: by its name alone, for what an upload says of itself is a stranger's word."""

from pathlib import PurePosixPath

_MEDIA_TYPES = {
    ".3gp": "audio/3gpp",
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aifc": "audio/aiff",
    ".aiff": "audio/aiff",
    ".caf": "audio/x-caf",
    ".flac": "audio/flac",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".mov": "audio/mp4",  # what it is, video/quicktime, Chromium refuses in a data: URL; so it plays AAC in it
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".png": "image/png",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}


def media_type(key: str) -> str:
    """Return the media type of an object: audio, a picture or data, or something that a browser does nothing with."""
    return _MEDIA_TYPES.get(PurePosixPath(key).suffix.lower(), "application/octet-stream")
