#!/usr/bin/env bash
# Installs what henderson needs on Debian 12 (R 4.2.2).
#
#   bash tools/install-dependencies.sh run     to build and use the package
#   bash tools/install-dependencies.sh test    also for the tests
#   bash tools/install-dependencies.sh full    also what the full tier checks with: clang, valgrind,
#                                              pkgdown, Chromium, PostgreSQL
#
# R packages come prebuilt from Debian (r-cran-*): seconds instead of a quarter of an hour from
# source. What Debian does not have (agridat) comes from CRAN. Nothing is touched, and no network
# is needed, when everything is already there. What apt and R print goes to a log, which is shown
# when they fail. Only what the purpose cannot do without is an error: the rest, which single tests
# compare with or read, and the checkers, are named and left out.
set -euo pipefail
export LC_ALL=C.UTF-8

usage="usage: install-dependencies.sh run|test|full"
purpose="${1:?$usage}"
checkers=false
case "$purpose" in
  run | test) ;;
  full)
    purpose=test
    checkers=true
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac
tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export DEBIAN_FRONTEND=noninteractive

log="$(mktemp)"
cran_log="$(mktemp)"
trap 'rm -f "$log" "$cran_log"' EXIT

# Runs a command in silence; its output is shown if it fails.
quietly() {
  local status=0
  "$@" </dev/null >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log"
    echo "The command failed (status $status): $*" >&2
  fi
  return "$status"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -E "$@"; fi
}

apt_is_updated=false
apt_update() {
  if [ "$apt_is_updated" = false ]; then
    echo "Reading Debian's list of packages ..."
    quietly as_root apt-get -o Acquire::Retries=3 update
    apt_is_updated=true
  fi
}
apt_install() {
  apt_update
  echo "Installing from Debian: $*"
  quietly as_root apt-get -o Acquire::Retries=3 install --yes --no-install-recommends "$@"
}

has_command() { command -v "$1" >/dev/null 2>&1; }
has_r_package() { Rscript -e "quit(status = !nzchar(system.file(package = '$1')))"; }

# An assignment, unlike a process substitution, stops the script when Rscript fails.
find_missing() {
  local listing
  listing="$(Rscript "$tools/missing-packages.R" "$1")"
  missing=()
  if [ -n "$listing" ]; then mapfile -t missing <<<"$listing"; fi
}

# Step 1: programs.
debian_packages=()
has_command R || debian_packages+=(r-base-core)
{ has_command g++ && has_command make; } || debian_packages+=(r-base-dev)
if [ "$purpose" = test ]; then
  has_command qpdf || debian_packages+=(qpdf)
fi
if [ "${#debian_packages[@]}" -gt 0 ]; then
  apt_install "${debian_packages[@]}"
fi
# It builds the vignettes, without which one can live.
has_command pandoc || apt_install pandoc || true

# Step 2: R packages that Debian has.
find_missing "$purpose"
if [ "${#missing[@]}" -gt 0 ]; then
  apt_update || true
  debian_packages=()
  for package in "${missing[@]}"; do
    debian_name="r-cran-${package,,}"
    if apt-cache show "$debian_name" >/dev/null 2>&1; then
      debian_packages+=("$debian_name")
    fi
  done
  if [ "${#debian_packages[@]}" -gt 0 ]; then
    apt_install "${debian_packages[@]}" || true
  fi
fi

# Step 3: the rest from CRAN, into a library this user can write. Step 5 looks what came of it.
find_missing "$purpose"
if [ "${#missing[@]}" -gt 0 ]; then
  # a minimal Debian has no certificates, and R could not open an https address
  if [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then apt_install ca-certificates || true; fi
  echo "Installing from CRAN: ${missing[*]}"
  Rscript "$tools/install-from-cran.R" "${missing[@]}" </dev/null >"$cran_log" 2>&1 || true
fi

# Step 4: checkers. Without them the tests are fewer, and say so.
if [ "$checkers" = true ]; then
  has_command clang++ || has_command clang++-14 || apt_install clang || true
  has_command valgrind || apt_install valgrind || true
  # the style of the sources
  has_command clang-format || apt_install clang-format || true
  has_r_package lintr || apt_install r-cran-lintr || true
  # the web site, and what it is looked at with
  has_r_package pkgdown || apt_install r-cran-pkgdown || true
  has_command chromium || apt_install chromium || true
  # the tests start servers of their own
  compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || apt_install postgresql || true
fi
if [ "$purpose" = test ]; then
  # compiles the same file with the same flags only once
  has_command ccache || apt_install ccache || true
fi

# Step 5: be sure.
essential=use
if [ "$purpose" = test ]; then essential=check; fi
find_missing "$essential"
if [ "${#missing[@]}" -gt 0 ]; then
  tail -n 40 "$cran_log"
  echo "Could not be installed, and are needed to $purpose henderson: ${missing[*]}" >&2
  exit 1
fi
find_missing "$purpose"
if [ "${#missing[@]}" -gt 0 ]; then
  tail -n 40 "$cran_log"
  echo "Could not be downloaded: ${missing[*]}. Without network, or when CRAN does not answer, R" \
    "says that a package is not available for this version of R. What needs these packages is" \
    "left out."
fi
