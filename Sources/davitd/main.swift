// davitd
