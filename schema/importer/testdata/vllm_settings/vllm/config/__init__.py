from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from vllm.config.cache import CacheConfig
from vllm.config.utils import config

if TYPE_CHECKING:
    Methods = Literal["fp8", "awq"]
else:
    Methods = str

Policy = Literal["fcfs", "priority"]
LoRARank = Literal[8, 16]


@config
class Inner:
    """A map inside a map."""

    steps: int = Field(default=3, ge=0, lt=10)
    """How many steps."""


@config
class SchedulerConfig:
    DEFAULT_SEQS: ClassVar[int] = 128

    max_num_seqs: int = Field(default=DEFAULT_SEQS, ge=1)
    """Most sequences in one iteration.

    A second paragraph."""
    policy: Policy = "fcfs"
    """Which request goes first."""
    inner: Inner = Field(default_factory=Inner)
    """Nested settings."""
    computed: int = Field(init=False)
    """Not for users."""

    def _verify_args(self) -> None:
        if self.watermark < 0 or self.watermark >= 1:
            raise ValueError("watermark")


@config
class ModelConfig:
    model: str = "tiny/model"
    """Name or path."""
    quantization: Methods | None = None
    """How the weights are stored."""
    seed: int | None = None
    """Random seed."""
    max_lora_rank: LoRARank = 16
    """Largest rank."""
    hf_overrides: dict[str, Any] | Any = Field(default_factory=dict)
    """Overrides."""
