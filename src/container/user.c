/* SPDX-License-Identifier: Apache-2.0 */
#include "container/user.h"

#define ID_MAX 4294967294 /* -1 means "leave as it is" to the kernel */

/* Next line of @text without its newline; false at the end. */
static bool next_line(struct sp_str *text, struct sp_str *line)
{
	const char *nl;

	if (text->len == 0)
		return false;
	nl = memchr(text->ptr, '\n', text->len);
	line->ptr = text->ptr;
	line->len = nl ? (size_t)(nl - text->ptr) : text->len;
	text->ptr += line->len + (nl ? 1 : 0);
	text->len -= line->len + (nl ? 1 : 0);
	return true;
}

/* Next piece of @rest up to @sep; false at the end. */
static bool next_field(struct sp_str *rest, char sep, struct sp_str *field)
{
	const char *at;

	if (!rest->ptr)
		return false;
	at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
	field->ptr = rest->ptr;
	field->len = at ? (size_t)(at - rest->ptr) : rest->len;
	*rest = at ? (struct sp_str){at + 1, rest->len - field->len - 1} : (struct sp_str){NULL, 0};
	return true;
}

static bool parse_id(struct sp_str s, uint32_t *ret)
{
	uint64_t v = 0;

	if (s.len == 0 || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	*ret = (uint32_t)v;
	return v <= ID_MAX;
}

struct account {
	struct sp_str name, home;
	uint32_t uid, gid;
};

/* name:password:uid:gid:gecos:home:shell */
static bool find_user(struct sp_str passwd, const struct sp_str *name, uint32_t uid,
		      struct account *ret)
{
	struct sp_str line, f[7];
	struct account a;
	size_t n;

	while (next_line(&passwd, &line)) {
		for (n = 0; n < SP_ARRAY_LEN(f) && next_field(&line, ':', &f[n]);)
			n++;
		if (n < 6 || f[0].len == 0 || !parse_id(f[2], &a.uid) || !parse_id(f[3], &a.gid))
			continue;
		a.name = f[0];
		a.home = f[5];
		if (name ? sp_str_eq(a.name, *name) : a.uid == uid) {
			*ret = a;
			return true;
		}
	}
	return false;
}

/* name:password:gid:members */
static bool next_group(struct sp_str *group, struct sp_str *name, uint32_t *gid,
		       struct sp_str *members)
{
	struct sp_str line, f[4];
	size_t n;

	while (next_line(group, &line)) {
		for (n = 0; n < SP_ARRAY_LEN(f) && next_field(&line, ':', &f[n]);)
			n++;
		if (n < 3 || f[0].len == 0 || !parse_id(f[2], gid))
			continue;
		*name = f[0];
		*members = n == 4 ? f[3] : (struct sp_str){"", 0};
		return true;
	}
	return false;
}

static int add_group(struct sp_identity *id, uint32_t gid, struct sp_error *err)
{
	for (uint32_t i = 0; i < id->n_groups; i++)
		if (id->groups[i] == gid)
			return 0;
	if (id->n_groups == SP_GROUPS_MAX)
		return sp_fail(err, SP_E_INVALID, "more than %d groups", SP_GROUPS_MAX);
	id->groups[id->n_groups++] = gid;
	return 0;
}

int sp_user_resolve(const struct sp_user_request *req, struct sp_str passwd, struct sp_str group,
		    struct sp_identity *ret, struct sp_error *err)
{
	struct sp_identity id = {.home = "/"};
	struct sp_str rest = {req->image_user, strlen(req->image_user)}, user, grp = {"", 0};
	struct sp_str name, members, member, g;
	struct account a;
	uint32_t gid;
	bool known;

	(void)next_field(&rest, ':', &user); /* an empty text has one empty field */
	if (rest.ptr)
		grp = rest;
	if (req->uid >= 0) {
		/* the image's group belongs to the image's user */
		id.uid = (uint32_t)req->uid;
		known = find_user(passwd, NULL, id.uid, &a);
		grp.len = 0;
	} else if (user.len == 0 || parse_id(user, &id.uid)) {
		known = find_user(passwd, NULL, id.uid, &a);
	} else {
		known = find_user(passwd, &user, 0, &a);
		if (!known)
			return sp_fail(err, SP_E_INVALID,
				       "unable to find user " SP_STR_FMT
				       ": no matching entries in passwd file",
				       SP_STR_ARG(user));
		id.uid = a.uid;
	}
	id.gid = known ? a.gid : 0;
	if (req->gid >= 0) {
		id.gid = (uint32_t)req->gid;
	} else if (grp.len && !parse_id(grp, &id.gid)) {
		bool found = false;

		for (g = group; !found && next_group(&g, &name, &gid, &members);)
			if (sp_str_eq(name, grp)) {
				id.gid = gid;
				found = true;
			}
		if (!found)
			return sp_fail(err, SP_E_INVALID,
				       "unable to find group " SP_STR_FMT
				       ": no matching entries in group file",
				       SP_STR_ARG(grp));
	}
	if (known && a.home.len && a.home.len < sizeof(id.home)) {
		memcpy(id.home, a.home.ptr, a.home.len);
		id.home[a.home.len] = '\0';
	}
	if (add_group(&id, id.gid, err) < 0)
		return -1;
	for (uint32_t i = 0; i < req->n_extra; i++)
		if (add_group(&id, (uint32_t)req->extra[i], err) < 0)
			return -1;
	for (g = group; known && !req->strict && next_group(&g, &name, &gid, &members);)
		while (next_field(&members, ',', &member))
			if (sp_str_eq(member, a.name) && add_group(&id, gid, err) < 0)
				return -1;
	*ret = id;
	return 0;
}

int sp_user_check_non_root(const struct sp_user_request *req, const char *pod, const char *ctr,
			   struct sp_error *err)
{
	size_t n = strcspn(req->image_user, ":");
	struct sp_str user = {req->image_user, n};
	uint32_t uid = 0;

	if (req->uid == 0)
		return sp_fail(err, SP_E_INVALID,
			       "container's runAsUser breaks non-root policy "
			       "(pod: \"%s\", container: %s)",
			       pod, ctr);
	if (req->uid > 0)
		return 0;
	if (n && !parse_id(user, &uid))
		return sp_fail(err, SP_E_INVALID,
			       "container has runAsNonRoot and image has non-numeric user "
			       "(" SP_STR_FMT "), cannot verify user is non-root "
			       "(pod: \"%s\", container: %s)",
			       SP_STR_ARG(user), pod, ctr);
	if (uid == 0)
		return sp_fail(err, SP_E_INVALID,
			       "container has runAsNonRoot and image will run as root "
			       "(pod: \"%s\", container: %s)",
			       pod, ctr);
	return 0;
}
