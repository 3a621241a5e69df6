from typing import List, Optional, Union

TOP_K_ALL = 1 << 30


class SamplingParams:
    def __init__(
        self,
        max_new_tokens: int = 128,
        stop: Optional[Union[str, List[str]]] = None,
        temperature: float = 1.0,
        top_p: float = 1.0,
        top_k: int = -1,
    ) -> None:
        self.top_k = top_k
        if self.top_k == -1:
            self.top_k = TOP_K_ALL

    def verify(self, vocab_size):
        if self.temperature < 0.0:
            raise ValueError("temperature")
        if not 0.0 < self.top_p <= 1.0:
            raise ValueError("top_p")
        if self.top_k < 1 or self.top_k == -1:
            raise ValueError("top_k")
        if self.max_new_tokens is not None:
            if self.max_new_tokens < 0:
                raise ValueError("max_new_tokens")
