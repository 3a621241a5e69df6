"""The values that the evaluator knows beside Python's own."""

MISSING = object()  # no default at all


class Unknown:
    """A value that the source text does not tell; text is its expression."""

    def __init__(self, text=""):
        self.text = text

    def __repr__(self):
        return self.text


class Member:
    """A member of an Enum class."""

    def __init__(self, cls, name, value):
        self.cls, self.name, self.value = cls, name, value

    def __eq__(self, other):
        return isinstance(other, Member) and (self.cls.name, self.name) == (other.cls.name, other.name)

    def __hash__(self):
        return hash((self.cls.name, self.name))

    def __repr__(self):
        return f"{self.cls.name}.{self.name}"


class Instance:
    """The result of calling a class, or a function of another package."""

    def __init__(self, of, args, kwargs):
        self.of, self.args, self.kwargs = of, args, kwargs

    def __repr__(self):
        return f"{self.of!r}(...)" if self.args or self.kwargs else f"{self.of!r}()"


class Native:
    """A function of ours instead of one of the package."""

    def __init__(self, fn):
        self.fn = fn


class ReturnValue(Exception):
    def __init__(self, value):
        self.value = value


class Stop(Exception):
    """raise, break, continue."""


class Unseen(Exception):
    """Source text of a shape that no reader here knows."""
