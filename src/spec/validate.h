/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation beyond sp_object_validate(): the joined message of an API server, updates of a live
 * pod, and the list of what is refused.
 */
#ifndef SP_SPEC_VALIDATE_H
#define SP_SPEC_VALIDATE_H

#include "spec/load.h"

/**
 * sp_validation_text() - What a client of the API is told about an invalid object (VAL-1)
 * @from: first finding of this object in @diags (diags->n before its validation)
 *
 * 'The Pod "web" is invalid: <problem>', or a list of lines starting with "* " when there are
 * several. Findings that are not errors are left out.
 */
void sp_validation_text(const struct sp_object *o, const struct sp_diags *diags, uint32_t from,
			struct sp_buf *out);

/**
 * sp_pod_update_validate() - May a live pod be replaced by another version of itself? (VAL-80)
 * @live, @wanted: both decoded and defaulted; @wanted is validated by itself elsewhere
 */
void sp_pod_update_validate(struct sp_arena *a, const struct sp_object *live,
			    const struct sp_object *wanted, struct sp_diags *diags);

/*
 * Kubernetes features that would change what a pod does and that sidepod does not have. Naming one
 * is an error, since running the pod without it would be something else than what was asked for.
 */
enum sp_refused_place {
	SP_REFUSED_POD,
	SP_REFUSED_CONTAINER,
	SP_REFUSED_LIFECYCLE,
	SP_REFUSED_ENV_SOURCE,
	SP_REFUSED_VOLUME,
	SP_REFUSED_PLACES
};
struct sp_refused {
	const char *rule; /* "OPT-1"; several may share one */
	enum sp_refused_place place;
	const char *field;   /* member of that place */
	const char *feature; /* what it is, in a few words */
	const char *fix;     /* what to do instead */
};
extern const struct sp_refused sp_refused_fields[];
extern const size_t sp_refused_fields_n;
/** sp_refused_where() - "pod", "container", … as the documentation names the places */
const char *sp_refused_where(enum sp_refused_place place);

#endif
