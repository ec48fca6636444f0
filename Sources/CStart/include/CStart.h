// Nothing is called here: what is linked in is done before the program begins.
