r"""What a network's graph tells without a search: symmetries, hence laws, and points where fields are sparse, hence
ranks."""
