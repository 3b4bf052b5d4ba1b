"""Adapters, one file or folder each; they know the port and nothing else."""
