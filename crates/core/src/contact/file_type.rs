//! Whether the content of a file is what its name and its declared media type say.

/// The number of first bytes in which a text cannot have control characters.
const TEXT_BYTES: usize = 512;

/// File formats with similar first bytes.
struct Family {
    /// Extensions of file names, including those by which the crate `infer` names the formats.
    extensions: &'static [&'static str],
    /// Beginnings of media types.
    media_types: &'static [&'static str],
    /// Whether every file of this family is recognised by its first bytes.
    is_always_recognised: bool,
}

const FAMILIES: &[Family] = &[
    Family {
        extensions: &["jpg", "jpeg", "jpe", "jfif"],
        media_types: &["image/jpeg", "image/jpg", "image/pjpeg"],
        is_always_recognised: true,
    },
    Family {
        extensions: &["png", "apng"],
        media_types: &["image/png", "image/x-png", "image/apng"],
        is_always_recognised: true,
    },
    Family {
        extensions: &["gif"],
        media_types: &["image/gif"],
        is_always_recognised: true,
    },
    Family {
        extensions: &["webp"],
        media_types: &["image/webp"],
        is_always_recognised: true,
    },
    Family {
        extensions: &["heif", "heic", "avif"],
        media_types: &["image/heif", "image/heic", "image/avif"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["tif", "tiff"],
        media_types: &["image/tiff"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["bmp"],
        media_types: &["image/bmp", "image/x-ms-bmp"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["pdf"],
        media_types: &["application/pdf", "application/x-pdf"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["mp3", "mpga"],
        media_types: &["audio/mpeg", "audio/mp3"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["mp4", "m4a", "m4b", "m4v", "mov", "qt", "3gp", "3g2", "aac"],
        media_types: &[
            "video/mp4",
            "video/x-m4v",
            "video/quicktime",
            "video/3gpp",
            "audio/mp4",
            "audio/m4a",
            "audio/x-m4a",
            "audio/3gpp",
            "audio/aac",
        ],
        is_always_recognised: false,
    },
    Family {
        extensions: &["ogg", "oga", "ogv", "opus", "spx"],
        media_types: &["audio/ogg", "audio/opus", "video/ogg", "application/ogg"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["wav", "wave"],
        media_types: &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["webm", "mkv", "weba"],
        media_types: &["video/webm", "audio/webm", "video/x-matroska"],
        is_always_recognised: false,
    },
    // A document with a password has the first bytes of an older document.
    Family {
        extensions: &[
            "zip", "docx", "docm", "dotx", "xlsx", "xlsm", "pptx", "pptm", "odt", "ods", "odp", "epub",
            "jar", "apk", "doc", "xls", "ppt", "msg", "msi",
        ],
        media_types: &[
            "application/zip",
            "application/x-zip",
            "application/vnd.openxmlformats",
            "application/vnd.oasis",
            "application/epub",
            "application/java-archive",
            "application/vnd.android.package",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.ms-word",
        ],
        is_always_recognised: false,
    },
    Family {
        extensions: &["rar"],
        media_types: &["application/vnd.rar", "application/x-rar"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["7z"],
        media_types: &["application/x-7z"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["gz", "tgz"],
        media_types: &["application/gzip", "application/x-gzip"],
        is_always_recognised: false,
    },
    Family {
        extensions: &["exe", "dll", "scr", "com", "elf", "mach"],
        media_types: &[
            "application/vnd.microsoft.portable-executable",
            "application/x-msdownload",
            "application/x-executable",
        ],
        is_always_recognised: false,
    },
];

/// Extensions of texts.
const TEXTS: [&str; 13] = [
    "txt", "text", "md", "csv", "log", "json", "xml", "html", "htm", "svg", "ics", "vcf", "eml",
];

/// Returns whether the first bytes of a file do not fit its name or its declared media type. A file whose name and type say nothing, and an
/// empty file, is never misnamed.
#[must_use]
pub fn is_misnamed(name: Option<&str>, media_type: &str, bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    let extension = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension.trim().to_ascii_lowercase());
    let media_type = media_type.trim().to_ascii_lowercase();
    let found = infer::get(bytes).and_then(|kind| family_of_extension(kind.extension()));
    let named = extension.as_deref().and_then(family_of_extension);
    let declared = FAMILIES.iter().position(|family| {
        let mut types = family.media_types.iter();
        types.any(|kind| media_type.starts_with(kind))
    });
    let differs = |claimed: usize| {
        let family = FAMILIES.get(claimed);
        found != Some(claimed)
            && (found.is_some() || family.is_some_and(|family| family.is_always_recognised))
    };
    if named.into_iter().chain(declared).any(differs) {
        return true;
    }
    let claims_text = extension
        .as_deref()
        .is_some_and(|extension| TEXTS.contains(&extension));
    let is_control = |byte: &u8| *byte < 9;
    (claims_text || media_type.starts_with("text/"))
        && found.is_some()
        && bytes.iter().take(TEXT_BYTES).any(is_control)
}

fn family_of_extension(extension: &str) -> Option<usize> {
    FAMILIES
        .iter()
        .position(|family| family.extensions.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    const PROGRAM: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";

    #[test]
    fn content_that_does_not_fit_name_or_type_is_found() {
        for (name, media_type, bytes) in [
            (Some("slika.png"), "image/png", JPEG),
            (Some("slika.PNG"), "application/octet-stream", PROGRAM),
            (Some("slika.png"), "image/png", b"<script>x</script>"),
            (Some("slika"), "image/jpeg", PNG),
            (None, "image/gif", PNG),
            (Some("slika.png"), "image/jpeg; name=slika", PNG),
            (Some("ugovor.pdf"), "application/pdf", PROGRAM),
            (Some("poruka.txt"), "text/plain", PROGRAM),
            (Some("poruka.txt"), "text/plain", PNG),
        ] {
            assert!(is_misnamed(name, media_type, bytes), "{name:?} {media_type}");
        }
    }

    #[test]
    fn content_that_fits_or_cannot_be_known_is_left_alone() {
        for (name, media_type, bytes) in [
            (Some("slika.png"), "image/png", PNG),
            (Some("slika.JPEG"), "image/jpeg", JPEG),
            (Some("slika.jpg"), "application/octet-stream", JPEG),
            (Some("program.exe"), "application/x-msdownload", PROGRAM),
            (Some("poruka.txt"), "text/plain", b"MZ i BM su slova"),
            (Some("poruka.txt"), "text/plain", "Здраво".as_bytes()),
            (Some("nacrt.xyz"), "application/octet-stream", PNG),
            (None, "application/octet-stream", PROGRAM),
            (Some("glas.mp3"), "audio/mpeg", b"glas"),
            (Some("slika.png"), "image/png", b""),
        ] {
            assert!(!is_misnamed(name, media_type, bytes), "{name:?} {media_type}");
        }
    }

    #[test]
    fn every_extension_belongs_to_one_family() {
        let mut all: Vec<&str> = FAMILIES
            .iter()
            .flat_map(|family| family.extensions)
            .copied()
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
