#!/bin/sh
# A feature of a dev container: its options come as the variables PYTHON and CERTIFICATES.
set -eu
python=${PYTHON:-python3}
"$python" -m pip install certifi-system-store-wrapper

if [ -n "${CERTIFICATES:-}" ]; then
    # Every shell of the container reads this, and `. /etc/profile` in a script.
    profile=${PROFILE_FOLDER:-/etc/profile.d}/certifi-system-store-wrapper.sh
    quoted=$(printf %s "$CERTIFICATES" | sed "s/'/'\\\\''/g")
    printf "export PYTHON_CERTIFI_CERT_FILES='%s'\n" "$quoted" > "$profile"
fi
"$python" -m certifi_system_store_wrapper status
