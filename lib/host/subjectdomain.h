/* A subject (host/subject.h) as a domain (model/domain.h). */
#ifndef MIRARI_HOST_SUBJECTDOMAIN_H
#define MIRARI_HOST_SUBJECTDOMAIN_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/subject.h"
#include "model/domain.h"

/* A record without a name gets that of the file (binary_name). */
int subject_name(struct subject *s, struct fault *fault) A_MUST_CHECK;

/* Makes the domain (zeroed), with arguments behind the record's: as domain_make and
 * domain_arguments. It borrows from the subject. */
int subject_domain(const struct subject *s, const struct strv *more, struct domain *into,
    struct fault *fault) A_MUST_CHECK;

#endif
