import dataclasses
import json
from dataclasses import dataclass
from typing import List, Mapping, Optional, Tuple, Union

METHODS = ["fp8", "awq"]


def nullable_str(val):
    return None if not val else val


class StoreBoolean:
    pass


@dataclass
class EngineArgs:
    """The arguments."""
    model: str = 'tiny/model'
    tokenizer: Optional[str] = None
    tokenizer_mode: str = 'auto'
    quantization: Optional[str] = None
    swap_space: float = 4  # GiB
    max_num_seqs: int = 256
    limit_mm_per_prompt: Optional[Mapping[str, int]] = None
    scaling: Optional[Tuple[float]] = None
    use_v2_block_manager: bool = False
    enable_chunked_prefill: Optional[bool] = None

    @staticmethod
    def add_cli_args(parser):
        parser.add_argument('--model', type=str, default='tiny/model', help='Name or path.')
        parser.add_argument('--tokenizer', type=nullable_str, default=EngineArgs.tokenizer, help='Tokenizer.')
        parser.add_argument('--tokenizer-mode', type=str, default=EngineArgs.tokenizer_mode,
                            choices=['auto', 'slow'],
                            help='The tokenizer mode.\n\n* "auto" takes the fast one.\n* "slow" takes the slow one.')
        parser.add_argument('--quantization', '-q', type=nullable_str, choices=[*METHODS, None],
                            default=EngineArgs.quantization, help='Method.')
        parser.add_argument('--swap-space', type=float, default=EngineArgs.swap_space, help='GiB a GPU.')
        parser.add_argument('--max-num-seqs', type=int, default=EngineArgs.max_num_seqs, help='Sequences.')
        parser.add_argument('--use-v2-block-manager', action='store_true',
                            help='[DEPRECATED] Has no effect.')
        parser.add_argument('--enable-chunked-prefill', action=StoreBoolean, default=EngineArgs.enable_chunked_prefill,
                            nargs="?", const="True", help='Chunk.')
        return parser


@dataclass
class AsyncEngineArgs(EngineArgs):
    disable_log_requests: bool = False

    @staticmethod
    def add_cli_args(parser, async_args_only=False):
        if not async_args_only:
            parser = EngineArgs.add_cli_args(parser)
        parser.add_argument('--disable-log-requests', action='store_true', help='No log.')
        return parser
