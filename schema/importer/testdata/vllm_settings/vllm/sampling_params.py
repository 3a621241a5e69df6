from typing import Optional, Union

import msgspec


def _verify_count(value: int, name: str) -> None:
    if value < 1:
        raise ValueError(name)


class SamplingParams(msgspec.Struct, omit_defaults=True):
    n: int = 1
    """Number of outputs."""
    temperature: float = 1.0
    """Zero is greedy."""
    top_k: int = 0
    stop: Optional[Union[str, list[str]]] = None
    max_tokens: Optional[int] = 16
    truncate: Optional[int] = None
    _internal: int = 0

    def _verify_args(self) -> None:
        _verify_count(self.n, "n")
        if not math.isfinite(self.temperature) or self.temperature < 0.0:
            raise ValueError("temperature")
        if self.top_k < -1:
            raise ValueError("top_k")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ValueError("max_tokens")
        if self.truncate is not None and (self.truncate == 0 or self.truncate < -1):
            raise ValueError("truncate")
        if self.max_tokens is not None and self.n > 3:
            raise ValueError("about two keys: no limit of either")
