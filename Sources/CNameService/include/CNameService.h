#ifndef C_NAME_SERVICE_H
#define C_NAME_SERVICE_H

/// Whether name look-ups are held to files and DNS, as the self-contained binary needs it.
int pipelatch_plain_name_service(void);

#endif
