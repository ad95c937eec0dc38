#!/bin/sh
# Installs ecs-scaler: fetches the archive for this machine, compares it with its checksum, and unpacks the program.
#   ECS_SCALER_RELEASES  URL of the folder with the archives and SHA256SUMS
#   ECS_SCALER_FOLDER    where the program goes (default: ~/.local/bin)
set -eu

main() {
    releases=${ECS_SCALER_RELEASES:-@RELEASES@}
    folder=${ECS_SCALER_FOLDER:-$HOME/.local/bin}
    case $releases in
    @*) fail "set ECS_SCALER_RELEASES to the URL of a release's files" ;;
    esac
    case $(uname -s) in
    Linux) system=unknown-linux-gnu ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no archive for $(uname -s)" ;;
    esac
    case $(uname -m) in
    x86_64 | amd64) processor=x86_64 ;;
    aarch64 | arm64) processor=aarch64 ;;
    *) fail "there is no archive for $(uname -m)" ;;
    esac
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT INT TERM
    fetch SHA256SUMS
    archive=$(sed -n "s/^[0-9a-f]*  \(ecs-scaler-.*-$processor-$system\.tar\.gz\)$/\1/p" "$work/SHA256SUMS")
    [ -n "$archive" ] || fail "SHA256SUMS lists no archive for $processor-$system"
    fetch "$archive"
    (cd "$work" && grep "  $archive$" SHA256SUMS | check) || fail "$archive is not the file that SHA256SUMS lists"
    tar -xzf "$work/$archive" -C "$work"
    mkdir -p "$folder" || fail "can't make the folder $folder: set ECS_SCALER_FOLDER"
    mv -f "$work/${archive%.tar.gz}/ecs-scaler" "$folder/ecs-scaler.new" || fail "can't write to $folder: set ECS_SCALER_FOLDER"
    # An installed program stays if the new one can't run here.
    if ! "$folder/ecs-scaler.new" version; then
        rm -f "$folder/ecs-scaler.new"
        fail "$archive doesn't run on this machine; $folder is unchanged"
    fi
    # In one step: a running program keeps its file.
    mv -f "$folder/ecs-scaler.new" "$folder/ecs-scaler"
    case :$PATH: in
    *:"$folder":*) ;;
    *) echo "add $folder to PATH" ;;
    esac
}

fetch() {
    if command -v curl > /dev/null; then
        curl --fail --silent --show-error --location --output "$work/$1" "$releases/$1"
    elif command -v wget > /dev/null; then
        wget --quiet --output-document="$work/$1" "$releases/$1"
    else
        fail "curl or wget is needed"
    fi || fail "failed to fetch $releases/$1"
}

check() {
    if command -v sha256sum > /dev/null; then
        sha256sum --check --status
    else
        shasum --algorithm 256 --check --status
    fi
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

main
