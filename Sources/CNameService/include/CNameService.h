// Nothing is called here: to be linked in is enough. See nameservice.c.
