/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What counts as a name: labels, subdomains, ports, variables, keys, headers, addresses. Pure
 * checks that answer with the messages Kubernetes gives; used by validation, lint and the commands.
 */
#ifndef SP_SPEC_NAMES_H
#define SP_SPEC_NAMES_H

#include "base/buf.h"

/* Most messages that one text can earn. */
#define SP_NAME_MSGS_MAX 6

/* Static texts; n = 0: the text is fine. */
struct sp_name_msgs {
	uint32_t n;
	const char *v[SP_NAME_MSGS_MAX];
};

/** sp_name_label() - RFC 1123 label: container and volume names, hostname */
void sp_name_label(const char *s, struct sp_name_msgs *ret);
/** sp_name_subdomain() - RFC 1123 subdomain, at most 253 bytes: names of most objects */
void sp_name_subdomain(const char *s, struct sp_name_msgs *ret);
/** sp_name_port() - Port name, VAL-30 */
void sp_name_port(const char *s, struct sp_name_msgs *ret);
/** sp_name_env() - Environment variable. @relaxed: the rule of Kubernetes 1.32 and later */
void sp_name_env(const char *s, bool relaxed, struct sp_name_msgs *ret);
/** sp_name_config_key() - Key of a ConfigMap or Secret */
void sp_name_config_key(const char *s, struct sp_name_msgs *ret);
/** sp_name_header() - HTTP header name of a probe */
void sp_name_header(const char *s, struct sp_name_msgs *ret);
/** sp_name_qualified() - "name" or "example.com/name": label and annotation keys, condition types
 */
void sp_name_qualified(const char *s, struct sp_name_msgs *ret);
/** sp_name_label_value() - Value of a label; may be empty */
void sp_name_label_value(const char *s, struct sp_name_msgs *ret);
/** sp_name_sysctl() - "net.core.somaxconn", also with slashes */
void sp_name_sysctl(const char *s, struct sp_name_msgs *ret);
/** sp_name_ip() - IPv4 or IPv6 address without zone */
void sp_name_ip(const char *s, struct sp_name_msgs *ret);
/** sp_name_relative() - Path below a volume: relative, no ".." element */
void sp_name_relative(const char *s, struct sp_name_msgs *ret);
/** sp_name_file() - Like sp_name_relative(), and not starting with ".." (volume items) */
void sp_name_file(const char *s, struct sp_name_msgs *ret);

/** sp_path_has_backstep() - True when an element of @s is ".." */
bool sp_path_has_backstep(const char *s);
/** sp_signal_name_valid() - "SIGTERM", "SIGRTMIN+3", …: the names of VAL-52 */
bool sp_signal_name_valid(const char *s);

#endif
