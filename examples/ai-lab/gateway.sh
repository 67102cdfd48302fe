#!/bin/sh
# Runs inside container 953, with its CTID as the argument: one web server in front of the lab's services.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -y -o DPkg::Lock::Timeout=120 install nginx
mkdir -p /etc/nginx/conf.d

cat > /etc/nginx/conf.d/lab.conf <<'END'
server {
  listen 80 default_server;
  location = /health { return 200 "ok\n"; }
  location /chat/ { proxy_pass http://10.77.0.50:8000/; }
  location /embeddings/ { proxy_pass http://10.77.0.51:8000/; }
}
END
rm -f /etc/nginx/sites-enabled/default

systemctl enable nginx
systemctl restart nginx
