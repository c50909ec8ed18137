// DavitClient
