#!/usr/bin/env bash
# Installs what henderson needs on Debian 12 (R 4.2.2).
#
#   bash tools/install-dependencies.sh run     to build and use the package
#   bash tools/install-dependencies.sh test    also for tests, vignettes and checks
#
# R packages come prebuilt from Debian (r-cran-*): seconds instead of a quarter of an hour from
# source. What Debian does not have (agridat) comes from CRAN. Nothing is touched, and no network
# is needed, when everything is already there.
set -euo pipefail

purpose="${1:?usage: install-dependencies.sh run|test}"
tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export DEBIAN_FRONTEND=noninteractive

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -E "$@"; fi
}

apt_is_updated=false
apt_update() {
  if [ "$apt_is_updated" = false ]; then
    as_root apt-get -o Acquire::Retries=3 update </dev/null
    apt_is_updated=true
  fi
}
apt_install() {
  apt_update
  as_root apt-get -o Acquire::Retries=3 install --yes --no-install-recommends "$@" </dev/null
}

has_command() { command -v "$1" >/dev/null 2>&1; }

# An assignment, unlike a process substitution, stops the script when Rscript fails.
find_missing() {
  local listing
  listing="$(Rscript "$tools/missing-packages.R" "$purpose")"
  missing=()
  if [ -n "$listing" ]; then mapfile -t missing <<<"$listing"; fi
}

# Step 1: programs.
debian_packages=()
has_command R || debian_packages+=(r-base-core)
{ has_command g++ && has_command make; } || debian_packages+=(r-base-dev)
if [ "$purpose" = test ]; then
  has_command pandoc || debian_packages+=(pandoc)
  has_command qpdf || debian_packages+=(qpdf)
fi
if [ "${#debian_packages[@]}" -gt 0 ]; then
  apt_install "${debian_packages[@]}"
fi

# Step 2: R packages that Debian has.
find_missing
if [ "${#missing[@]}" -gt 0 ]; then
  echo "Missing R packages: ${missing[*]}"
  apt_update
  debian_packages=()
  for package in "${missing[@]}"; do
    debian_name="r-cran-${package,,}"
    if apt-cache show "$debian_name" >/dev/null 2>&1; then
      debian_packages+=("$debian_name")
    fi
  done
  if [ "${#debian_packages[@]}" -gt 0 ]; then
    apt_install "${debian_packages[@]}"
  fi
fi

# Step 3: the rest from CRAN, into a library this user can write.
find_missing
if [ "${#missing[@]}" -gt 0 ]; then
  # a minimal Debian has no certificates, and R could not open an https address
  if [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then apt_install ca-certificates; fi
  Rscript "$tools/install-from-cran.R" "${missing[@]}"
fi

# Step 4: be sure.
find_missing
if [ "${#missing[@]}" -gt 0 ]; then
  echo "Could not install: ${missing[*]}" >&2
  exit 1
fi
