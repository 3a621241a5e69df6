import vllm.envs as envs

LEVEL = envs.VLLM_LOGGING_LEVEL
PORT = envs.VLLM_PORT
TRACE = envs.VLLM_TRACE
