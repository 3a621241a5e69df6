"""Resolves the cases of cases.yaml with OmegaConf; writes JSON: the values, or null
where it refuses."""
import json
import sys

from omegaconf import OmegaConf
import yaml

out = []
for case in yaml.safe_load(open(sys.argv[1]))["cases"]:
    try:
        layers = [OmegaConf.create(text) for text in case["layers"]]
        out.append(OmegaConf.to_container(OmegaConf.merge(*layers), resolve=True, throw_on_missing=False))
    except Exception:
        out.append(None)
json.dump(out, sys.stdout, indent=1)
print()
