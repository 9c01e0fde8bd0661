"""Which function of a library calls which, and which come back to themselves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS_MAX = 200_000


class Calls:
    """The calls of one library. `inside` is the function that is being read, empty outside of all."""

    __slots__ = ("_calls", "_left", "inside")

    def __init__(self) -> None:
        self.inside = ""
        self._calls: dict[str, set[str]] = {}
        self._left = CALLS_MAX

    def add(self, name: str) -> None:
        """Note that the function that is being read calls or names another one."""
        if self.inside and self._left:
            called = self._calls.setdefault(self.inside, set())
            self._left -= name not in called
            called.add(name)

    def circles(self) -> Iterator[str]:
        """One function of each circle that is found, going through every call once."""
        done: set[str] = set()
        for start in self._calls:
            path: dict[str, Iterator[str]] = {}
            name = start
            while name not in done:
                called = path.get(name)
                if called is None:
                    called = path[name] = iter(sorted(self._calls.get(name, ())))
                following = next((one for one in called if one not in done), None)
                if following is None:
                    done.add(name)
                    del path[name]
                    name = next(reversed(path), name)
                elif following in path:
                    yield following
                else:
                    name = following
