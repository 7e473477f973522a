#!/bin/sh
# Installs the Debian packages that Telic can use, when it may: as root, or through a sudo that asks for no password.
# Never fails: a part that is missing later says so itself, and `telic doctor` gives the command that installs it.
set -u

# Python's headers and g++ are what torch.compile and the host C proofs build with; Mesa renders without a screen;
# the arm compiler and QEMU prove the policy on the microcontrollers.
packages="
    python3-venv python3-dev
    gcc g++ libc6-dev
    libegl1 libegl-mesa0 libgl1 libgles2 libopengl0 libgl1-mesa-dri
    gcc-arm-none-eabi libnewlib-arm-none-eabi
    qemu-system-arm
"

command -v dpkg-query >/dev/null 2>&1 || { echo "not Debian or Ubuntu: no system packages were installed"; exit 0; }

missing=""
for package in $packages; do
    case $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root="env"
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    echo "These system packages are missing and may not be installed without a password:$missing"
    echo "To install them: sudo apt-get update && sudo apt-get install -y$missing"
    exit 0
fi

install() {
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

echo "Installing system packages:$missing"
$as_root apt-get update -qq </dev/null || echo "apt-get update failed: trying with the package lists that are here"
# All at once is fast; one by one keeps one unknown name from holding back the others.
# shellcheck disable=SC2086  # The names are meant to be split.
if ! install $missing; then
    for package in $missing; do
        install "$package" || echo "could not install $package"
    done
fi
exit 0
