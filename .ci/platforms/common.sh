# What the scripts in this folder share; each reads it with `source`. They are run by hand, as root, on Debian or Ubuntu:
# they make whole systems in a folder, which is deleted afterwards (KEEP=1 keeps it).
#
# SSESCAN_SHARED   the folder of recorded streams (../shared), where there is one: its tests run too
# MIRROR           where Debian is to be had from, if not from where mmdebstrap looks

# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

checkout=$PWD
scratch=$(mktemp -d)
begin=$SECONDS
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PIP_ROOT_USER_ACTION=ignore
step() { printf '\n##### %s  [%d s]\n' "$*" "$((SECONDS - begin))"; }
fail() { echo "$*" >&2; exit 1; }
clean_up() { if [ -n "${KEEP:-}" ]; then echo "kept: $scratch"; else rm -rf --one-file-system "$scratch"; fi; }
trap clean_up EXIT

need() { # COMMAND PACKAGE
    command -v "$1" > /dev/null || fail "$1 was not found: apt-get install $2"
}

# A Debian in $scratch/NAME, with the packages named. One for another machine is unpacked and left at that: to set its
# packages up, which nothing here needs, takes an emulated machine a quarter of an hour.
debian() { # NAME SUITE ARCHITECTURE PACKAGE...
    local root=$scratch/$1 suite=$2 architecture=$3 variant=apt
    shift 3
    [ "$(id -u)" = 0 ] || fail "run it as root: it makes a root folder of Debian's, with its device files and owners"
    need mmdebstrap mmdebstrap
    [ "$architecture" = "$(dpkg --print-architecture)" ] || {
        variant=extract
        set -- base-files bash coreutils dash diffutils findutils grep libc-bin sed "$@"
    }
    # A mirror may be one that is kept back, and past its date; who signed it is asked all the same.
    mmdebstrap --quiet --mode=root --variant="$variant" --architectures="$architecture" --include="$(IFS=,; echo "$*")" \
        --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$root" ${MIRROR:+"$MIRROR"}
}

# A command in it, in namespaces of its own: nothing stays mounted, and nothing stays running.
inside() { # NAME COMMAND...
    local root=$scratch/$1
    shift
    unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        SSESCAN_SHARED=/shared chroot "$root" "$@"
}

# What is committed or would be, without what was built here, into a folder.
copy_of_checkout() { # FOLDER
    mkdir -p "$1"
    git -C "$checkout" ls-files -z --cached --others --exclude-standard --deduplicate |
        tar -C "$checkout" --create --null --files-from=- --ignore-failed-read | tar -C "$1" --extract --no-same-owner
}

# The checkout, the tests beside it, the recorded streams, and what builds and tests, which runs on any machine: it is
# fetched and installed from here, as an emulated pip takes minutes, and so that nothing within needs a network.
provisions() { # NAME
    local root=$scratch/$1 shared=${SSESCAN_SHARED:-../shared}
    copy_of_checkout "$root/source"
    mkdir -p "$root/tested"
    cp -r tests pyproject.toml "$root/tested/"
    [ ! -d "$shared/corpus" ] || { mkdir -p "$root/shared" && cp -r "$shared/corpus" "$shared/conformance" "$root/shared/"; }
    pure_packages install --target "$root/site" pip pytest hypothesis setuptools cython wheel
}

# pip, for packages that run on any machine and with any Python that ssescan runs with.
pure_packages() { # install|download ARGUMENTS...
    python3 -m pip --quiet --disable-pip-version-check "$@" --only-binary :all: --platform any --implementation py --abi none \
        --python-version 3.13
}

# Within: builds the wheel with one interpreter, installs it into an environment, runs the scanner's tests on it.
build_and_test() { # NAME INTERPRETER BACKEND [PYTEST'S ARGUMENTS...]
    local name=$1 interpreter=$2 backend=$3
    shift 3
    # shellcheck disable=SC2016 # its variables are the inner shell's
    inside "$name" sh -euc '
        interpreter=$1; backend=$2; shift 2
        export SSESCAN_BUILD_EXTENSION=yes; [ "$backend" != python ] || SSESCAN_BUILD_EXTENSION=no
        "$interpreter" -m venv --without-pip /env
        echo /site > "$(/env/bin/python -c "import sysconfig; print(sysconfig.get_path(\"purelib\"))")/site.pth"
        pip="/env/bin/python -m pip --quiet --disable-pip-version-check"
        export PIP_NO_INDEX=1 PIP_ROOT_USER_ACTION=ignore
        rm -rf /built; $pip wheel --no-build-isolation --no-deps --wheel-dir /built /source
        ls /built
        $pip install --no-deps /built/*.whl
        cd /tested
        /env/bin/python -c "import platform, ssescan, struct, sys
assert ssescan.__file__.startswith(\"/env/\"), ssescan.__file__
print(platform.python_implementation(), sys.version.split()[0], \"on\", platform.machine() + \",\",
      8 * struct.calcsize(\"P\"), \"bits,\", sys.byteorder, \"endian; backend:\", ssescan.backend)"
        /env/bin/python -m pytest -q -p no:cacheprovider --backend="$backend" "$@"
        rm -rf /env /source/build
    ' sh "$interpreter" "$backend" "$@"
}
