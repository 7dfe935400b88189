"""PersistResult: turns the manifest of a processed recording into its database items."""
