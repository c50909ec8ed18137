import CLinux
import Glibc
import Model

/// A failed system call in words; `subject` is what it was tried on, `number` an errno (of either sign).
func failure(_ call: String, _ subject: String, _ number: Int32 = errno) -> AgentError {
    let number = abs(number)
    let name = unsafe String(cString: davit_error_name(number))
    let reason = "\(call) \(subject): \(name)"
    switch number {
    case ENOSPC, EDQUOT:
        return AgentError(.hostNoSpace, "there is no room on the disk for the layer", retryable: true, cause: [reason])
    case EFBIG:
        return AgentError(
            .imageTooLarge, "\"\(subject)\" in the layer is larger than the file system allows", cause: [reason])
    case ELOOP, ENOTDIR, ENOENT, EEXIST, EISDIR, EXDEV, ENAMETOOLONG, EINVAL, EPERM, EMLINK, ERANGE, E2BIG, EILSEQ:
        return AgentError(.imageLayerRefused, "\"\(subject)\" in the layer can't be made", cause: [reason])
    default:
        return AgentError(.hostFailed, "unpacking failed at \"\(subject)\"", cause: [reason])
    }
}
