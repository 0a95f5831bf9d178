#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets, each once; what is there already stays.
set -eu
folder=${1:-$(dirname "$0")/secrets}

# Nobody else of this machine enters the folder. The files in it have to be readable by the
# containers' own users, as Compose hands them over with the mode they have.
mkdir -p "$folder"
chmod 0700 "$folder"
umask 022

random() { od -An -N 32 -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # keep NAME VALUE: under its name only when it is whole
	[ -e "$folder/$1" ] && return
	printf '%s\n' "$2" >"$folder/.$1"
	mv "$folder/.$1" "$folder/$1"
	echo "made $folder/$1"
}

keep postgres_password "$(random)"
keep database_password "$(random)"
keep secret_key "$(random)"
keep grafana_password "$(random)"
keep redis_password "$(random)"
keep database_url "postgresql://promptroom:$(cat "$folder/database_password")@postgres/promptroom"
keep redis_url "redis://:$(cat "$folder/redis_password")@redis:6379/0"
keep redis_users "user default on >$(cat "$folder/redis_password") ~* &* +@all -@admin
user health on nopass resetkeys resetchannels -@all +ping"
