// DavitDriverKit
