from typing import Optional

import msgspec


class SamplingParams(msgspec.Struct, kw_only=True):
    n: int = 1
    seed: Optional[int] = None
