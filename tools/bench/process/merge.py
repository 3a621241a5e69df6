"""What OmegaConf is given: merge base, overlay and a dot-list, resolve, no validation."""
import sys
from omegaconf import OmegaConf

base, overlay = (OmegaConf.load(path) for path in sys.argv[1:3])
merged = OmegaConf.merge(base, overlay, OmegaConf.from_dotlist(["backend=vllm"]))
OmegaConf.to_container(merged, resolve=True)
