# The neuronserve image. Two targets:
#
#   cpu     (the default) with the embedded TensorFlow model server: laptops, tests, CPU instances
#   neuron  with AWS's Neuron TensorFlow Serving, from the apt repository named by build arguments
#
# `scripts/image --help` has the ways to build it.

ARG BASE_IMAGE=debian:bookworm-slim
# Which base image it is, is the builder's to say: `scripts/image --base-image NAME@sha256:DIGEST`.
# checkov:skip=CKV_DOCKER_7:the default of BASE_IMAGE has a tag
# --- what both targets run on: Python and nginx (with Lua) from Debian, nothing else --------------
FROM ${BASE_IMAGE} AS base
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      ca-certificates=* libnginx-mod-http-lua=1:0.10.* nginx=1.22.* python3.11=3.11.* \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
      /etc/nginx/sites-enabled /etc/nginx/sites-available /var/www \
 && groupadd --gid 10001 neuronserve \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin neuronserve \
 && useradd --uid 10002 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin neuronserve-model

# --- build tools, which no target keeps -----------------------------------------------------------
FROM base AS builder
# No target keeps this stage, so its apt lists may stay.
# hadolint ignore=DL3009
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      binutils=2.* python3.11-venv=3.11.* \
 && python3.11 -m venv /opt/build
# INSTALL and COMPILE are lists of words, hence unquoted below (SC2086).
# Compiled ahead, because the root file system may be read-only, and unchecked, because layers may
# change files' times.
ENV COMPILE="python3.11 -m compileall -q -j 0 --invalidation-mode unchecked-hash" \
    INSTALL="install --quiet --no-cache-dir --no-compile --no-deps --require-hashes --only-binary :all:" \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# --- the gateway's environment: no TensorFlow -----------------------------------------------------
FROM builder AS gateway
COPY requirements/gateway.txt /requirements/
# pip is there for a model's code/requirements.txt; its launchers for Windows are nothing but a scanner's finds.
RUN python3.11 -m venv --without-pip /opt/neuronserve/gateway \
 && /opt/build/bin/pip --python /opt/neuronserve/gateway/bin/python ${INSTALL} -r /requirements/gateway.txt \
 && find /opt/neuronserve/gateway -name "*.exe" -delete \
 && ${COMPILE} /opt/neuronserve/gateway/lib \
 && chmod -R a+rX /opt/neuronserve \
 && interpreter="$(readlink -f /opt/neuronserve/gateway/bin/python)" \
 && rm "/opt/neuronserve/gateway/bin/$(basename "${interpreter}")" \
 && install -m 0711 "${interpreter}" /opt/neuronserve/gateway/bin/

# --- the embedded model server's environment ------------------------------------------------------
FROM builder AS cpuserver
COPY requirements/cpuserver.txt /requirements/
ENV PACKAGES=/opt/neuronserve/cpuserver/lib/python3.11/site-packages
# TensorFlow's wheel carries symbols and headers for debugging and building, and its requirements a
# C parser (libclang) for writing bindings: half a gigabyte that serving never opens.
RUN python3.11 -m venv --without-pip /opt/neuronserve/cpuserver \
 && /opt/build/bin/pip --python /opt/neuronserve/cpuserver/bin/python ${INSTALL} -r /requirements/cpuserver.txt \
 && rm -rf "${PACKAGES}/tensorflow/include" "${PACKAGES}/tensorflow/xla_aot_runtime_src" "${PACKAGES}/clang" \
 && find "${PACKAGES}/tensorflow" -name '*.so*' -type f -exec strip --strip-unneeded {} + \
 && ${COMPILE} /opt/neuronserve/cpuserver/lib \
 && chmod -R a+rX /opt/neuronserve

# --- TensorFlow's message modules, all that the gateway needs of it -------------------------------
FROM cpuserver AS messages
COPY scripts/_extract_messages.py /scripts/
RUN /opt/neuronserve/cpuserver/bin/python /scripts/_extract_messages.py /messages \
 && ${COMPILE} /messages \
 && chmod -R a+rX /messages

# --- our own code ---------------------------------------------------------------------------------
FROM builder AS app
WORKDIR /opt/neuronserve/app
COPY serve nginx.conf wsgi.py predictor.py ./
COPY neuronserve neuronserve
RUN ${COMPILE} . \
 && chmod -R a+rX . \
 && chmod 0755 serve

# --- what both targets share ----------------------------------------------------------------------
FROM base AS runtime
COPY --from=gateway /opt/neuronserve/gateway /opt/neuronserve/gateway
COPY --from=messages /messages/ /opt/neuronserve/gateway/lib/python3.11/site-packages/
# Where SageMaker mounts the model. Whoever the container runs as may link /opt/ml/model to a model from MODEL_URI,
# for a model's own code that opens files there.
# Models from elsewhere are kept in /var/cache/neuronserve: each user has a folder of its own in it.
RUN mkdir -m 1777 /opt/ml /var/cache/neuronserve
ENV PATH=/opt/neuronserve/app:/opt/neuronserve/gateway/bin:/opt/aws/neuron/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/neuronserve/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
WORKDIR /opt/neuronserve/app
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port="true" \
      com.amazonaws.sagemaker.capabilities.multi-models="true" \
      org.opencontainers.image.title="neuronserve" \
      org.opencontainers.image.description="Serve TensorFlow models compiled by SageMaker Neo for AWS Inferentia and Trainium"
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=300s --retries=3 \
  CMD ["python", "-m", "neuronserve.healthcheck"]
# No entry point: SageMaker's `docker run IMAGE serve` and a plain `docker run IMAGE` are the same
# command, and `docker run IMAGE python ...` still works.
CMD ["serve"]

# --- target neuron ----------------------------------------------------------------------------------
# AWS's Neuron TensorFlow Serving was archived in March 2026: its packages are pinned, and a mirror of
# one's own is wise. They are built for Ubuntu 20.04 (suite `focal`); with an Ubuntu BASE_IMAGE use its
# own suite. Neither they nor their combination has run here: there was no Neuron hardware to run on.
#
# The Inf1 trap: aws-neuronx-runtime-lib 2.23 (SDK 2.21) dropped Inf1 ("Architecture not found 1").
# The versions below still serve Inf1; for Inf2 and Trn1 alone, newer ones may be given.
FROM runtime AS neuron
ARG NEURON_APT
ARG NEURON_APT_SUITE=focal
ARG NEURON_APT_COMPONENT=main
ARG NEURON_APT_KEY
ARG NEURON_APT_KEY_SHA256
ARG NEURON_PACKAGES="tensorflow-model-server-neuronx=2.10.1.2.12.2.0 aws-neuronx-tools=2.9.5.* aws-neuronx-runtime-lib=2.12.23.* aws-neuronx-collectives=2.12.35.*"
COPY scripts/_neuron_packages.py /tmp/
RUN python3.11 /tmp/_neuron_packages.py \
 && rm -f /tmp/_neuron_packages.py
ENV LD_LIBRARY_PATH=/opt/aws/neuron/lib
COPY --from=app /opt/neuronserve/app /opt/neuronserve/app
ARG BASE_NAME=unknown
ARG BASE_DIGEST=unknown
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_NAME}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}"
USER 10001:10001

# --- target cpu, the default ------------------------------------------------------------------------
FROM runtime AS cpu
COPY --from=cpuserver /opt/neuronserve/cpuserver /opt/neuronserve/cpuserver
ENV SERVE_CPU_PYTHON=/opt/neuronserve/cpuserver/bin/python
COPY --from=app /opt/neuronserve/app /opt/neuronserve/app
ARG BASE_NAME=unknown
ARG BASE_DIGEST=unknown
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_NAME}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}"
USER 10001:10001
