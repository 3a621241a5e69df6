"""What OmegaConf is given: each overlay on the base, for each backend, resolved; no validation."""
import sys
from omegaconf import OmegaConf

base = OmegaConf.load(sys.argv[1])
for path in sys.argv[2:]:
    overlay = OmegaConf.load(path)
    for backend in ("vllm", "sglang"):
        merged = OmegaConf.merge(base, overlay, OmegaConf.from_dotlist(["backend=" + backend]))
        OmegaConf.to_container(merged, resolve=True)
