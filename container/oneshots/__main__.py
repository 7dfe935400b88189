"""Choose the form: with arguments a command on a local file, without any the task with its job in the environment."""

import os
import sys


def main() -> int:
    """Run the form that was asked for and return the process's exit code."""
    if len(sys.argv) > 1 or "S3_BUCKET" not in os.environ:
        from oneshots import command

        return command.main(sys.argv[1:])
    from oneshots import task

    return task.main(os.environ)


if __name__ == "__main__":
    sys.exit(main())
