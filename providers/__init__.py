"""The adapters, one file each; they know the port and nothing else."""
