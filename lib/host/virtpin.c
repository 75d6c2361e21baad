#include "host/virtpin.h"

#include "host/virterror.h"

#include <stdlib.h>

static bool is_pinned(virDomainPtr domain)
{
	char *mark;

	if (virDomainIsPersistent(domain) != 1)
		return false;
	mark = virDomainGetMetadata(
	    domain, VIR_DOMAIN_METADATA_ELEMENT, VIRTPIN_NAMESPACE, VIR_DOMAIN_AFFECT_CONFIG);
	free(mark);
	return mark != NULL;
}

/* The mark is part of what is defined from its beginning, whenever we are killed. */
int virtpin(virDomainPtr domain, struct fault *fault)
{
	virDomainPtr defined;
	char *xml;

	if (virDomainIsPersistent(domain) == 1)
		return 0;
	if (virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, "<open/>", "console",
		VIRTPIN_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE) < 0)
		return virterror_fault(fault, "mark %s", virDomainGetName(domain));
	xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	if (!xml)
		return virterror_fault(fault, "the XML of %s", virDomainGetName(domain));
	defined = virDomainDefineXML(virDomainGetConnect(domain), xml);
	free(xml);
	if (!defined)
		return virterror_fault(fault, "define %s", virDomainGetName(domain));
	(void)virDomainFree(defined);
	return 0;
}

void virtpin_release(virDomainPtr domain)
{
	if (is_pinned(domain))
		(void)virDomainUndefine(domain);
}

bool virtpin_is_left(virDomainPtr domain)
{
	return virDomainIsActive(domain) == 0 && is_pinned(domain);
}
