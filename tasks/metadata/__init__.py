"""ExtractMetadata: reads what the container of the audio says of itself."""
