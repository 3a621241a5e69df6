def config(cls):
    return cls


class KernelEnum(enum.Enum):
    FAST = "vllm.fast"
    SMALL = "vllm.small"
