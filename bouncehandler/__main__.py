"""`python -m bouncehandler` is the same program as `bouncehandler`."""

from bouncehandler.cli import entry

if __name__ == "__main__":
    entry()
