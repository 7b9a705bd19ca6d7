"""The one exception that is a message to the user."""


class KithError(Exception):
    """A stop with a reason the user can act on.

    The text is one paragraph: the rule, the value found, where it was found, and the way out.
    The command line prints it without a traceback and ends with exit status 1.
    """
