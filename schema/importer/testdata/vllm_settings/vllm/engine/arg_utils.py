import argparse
import dataclasses
import sys
from dataclasses import dataclass
from typing import Any, List, Optional, Union

from vllm.config import CacheConfig, LoRARank, Methods, ModelConfig, Policy, SchedulerConfig


def get_kwargs(cls):
    raise NotImplementedError("read, never run")


@dataclass
class EngineArgs:
    """The arguments."""

    model: str = ModelConfig.model
    served_model_name: Optional[Union[str, List[str]]] = None
    quantization: Optional[Methods] = ModelConfig.quantization
    seed: Optional[int] = ModelConfig.seed
    max_num_seqs: Optional[int] = None
    scheduling_policy: Policy = SchedulerConfig.policy
    gpu_memory_utilization: float = CacheConfig.gpu_memory_utilization
    block_size: Optional[int] = CacheConfig.block_size
    swap_space: float = CacheConfig.swap_space
    watermark: float = 0.5
    scheduler_config: SchedulerConfig = get_field(VllmConfig, "scheduler_config")
    max_lora_rank: LoRARank = ModelConfig.max_lora_rank
    hf_overrides: Any = get_field(ModelConfig, "hf_overrides")
    enforce_eager: bool = False
    tier: str = CacheConfig.tier
    patience: float = 10.0
    _private: int = 1

    def __post_init__(self):
        if isinstance(self.scheduler_config, (int, dict)):
            self.scheduler_config = SchedulerConfig(self.scheduler_config)

    @staticmethod
    def add_cli_args(parser):
        model_kwargs = get_kwargs(ModelConfig)
        group = parser.add_argument_group(title="ModelConfig")
        if not ("serve" in sys.argv[1:] and "--help" in sys.argv[1:]):
            group.add_argument("--model", **model_kwargs["model"])
        group.add_argument("--quantization", "-q", **model_kwargs["quantization"])
        group.add_argument("--seed", **model_kwargs["seed"])
        group.add_argument("--max-lora-rank", **model_kwargs["max_lora_rank"])
        group.add_argument("--served-model-name", nargs="+", type=str, help="Names of the model.")
        cache_kwargs = get_kwargs(CacheConfig)
        for name in ("block_size", "swap_space"):
            group.add_argument(f"--{name.replace('_', '-')}", **cache_kwargs[name])
        group.add_argument("--gpu-memory-utilization", **cache_kwargs["gpu_memory_utilization"])
        scheduler_kwargs = get_kwargs(SchedulerConfig)
        group.add_argument("--max-num-seqs", **{**scheduler_kwargs["max_num_seqs"], "default": None})
        group.add_argument("--scheduling-policy", **scheduler_kwargs["policy"])
        group.add_argument("--enforce-eager", action=argparse.BooleanOptionalAction, help="No graphs.")
        group.add_argument("--tier", type=str, default="host")
        group.add_argument("--patience", type=int, default=10.0)
        return parser

    def create_engine_config(self):
        return CacheConfig(swap_space=self.swap_space, tier=self.tier)


@dataclass
class AsyncEngineArgs(EngineArgs):
    enable_log_requests: bool = False

    @staticmethod
    def add_cli_args(parser, async_args_only=False):
        if not async_args_only:
            parser = EngineArgs.add_cli_args(parser)
        parser.add_argument("--enable-log-requests", action=argparse.BooleanOptionalAction,
                            default=AsyncEngineArgs.enable_log_requests, help="Log requests.")
        parser.add_argument("--disable-log-requests", action=argparse.BooleanOptionalAction,
                            help="[DEPRECATED] Disable logging requests.", deprecated=True)
        return parser
