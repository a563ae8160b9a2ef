//! The one table of error codes, and the envelope every refusal of the registry travels in.

use std::io;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use engine::{Error, PushError};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

/// What is told of a fault of ours.
pub const FAULT: &str = "a fault in Weir; its log has more";

/// Codes of the OCI distribution specification, and those of the distribution project and OpenShift their clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Who asks is not known, or their token is no good.
    Unauthorized,
    /// Who asks is known and may not.
    Denied,
    /// A repository's name is not `namespace/stream`.
    NameInvalid,
    /// There is no such stream.
    NameUnknown,
    /// The stream has no such manifest.
    ManifestUnknown,
    /// The stream has no such blob, or nobody gives it.
    BlobUnknown,
    /// A part of a blob that it does not have.
    RangeInvalid,
    /// The repository a manifest comes from did not give it; a status with which clients print why.
    PullThrough,
    /// What was pushed may not become what the tag points at.
    Refused,
    /// There is no such upload.
    UploadUnknown,
    /// An upload broke off.
    UploadInvalid,
    /// What came is not as long as was said.
    SizeInvalid,
    /// More came than is taken.
    TooLarge,
    /// A manifest that is none.
    ManifestInvalid,
    /// A manifest names a blob that is not there.
    ManifestBlobUnknown,
    /// A signature that is none.
    SignatureInvalid,
    /// The image has such a signature already.
    SignatureExists,
    /// The registry it comes from limits how often it is asked.
    Busy,
    /// A tag is no tag.
    TagInvalid,
    /// A digest is no digest.
    DigestInvalid,
    /// `n` is no number.
    PaginationNumberInvalid,
    /// The route or method is not there.
    Unsupported,
    /// Too much is asked of us at once.
    Unavailable,
    /// A fault of ours.
    Unknown,
}

impl Code {
    /// Name and status.
    fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::Unauthorized => ("UNAUTHORIZED", StatusCode::UNAUTHORIZED),
            Self::Denied => ("DENIED", StatusCode::UNAUTHORIZED),
            Self::NameInvalid => ("NAME_INVALID", StatusCode::BAD_REQUEST),
            Self::NameUnknown => ("NAME_UNKNOWN", StatusCode::NOT_FOUND),
            Self::ManifestUnknown => ("MANIFEST_UNKNOWN", StatusCode::NOT_FOUND),
            Self::BlobUnknown => ("BLOB_UNKNOWN", StatusCode::NOT_FOUND),
            Self::RangeInvalid => ("RANGE_INVALID", StatusCode::RANGE_NOT_SATISFIABLE),
            Self::PullThrough => ("OPENSHIFT_PULLTHROUGH_MANIFEST", StatusCode::NOT_FOUND),
            Self::Refused => ("DENIED", StatusCode::FORBIDDEN),
            Self::UploadUnknown => ("BLOB_UPLOAD_UNKNOWN", StatusCode::NOT_FOUND),
            Self::UploadInvalid => ("BLOB_UPLOAD_INVALID", StatusCode::BAD_REQUEST),
            Self::SizeInvalid => ("SIZE_INVALID", StatusCode::BAD_REQUEST),
            Self::TooLarge => ("SIZE_INVALID", StatusCode::PAYLOAD_TOO_LARGE),
            Self::ManifestInvalid => ("MANIFEST_INVALID", StatusCode::BAD_REQUEST),
            Self::ManifestBlobUnknown => ("MANIFEST_BLOB_UNKNOWN", StatusCode::BAD_REQUEST),
            Self::SignatureInvalid => ("SIGNATURE_INVALID", StatusCode::BAD_REQUEST),
            Self::SignatureExists => ("SIGNATURE_EXISTS", StatusCode::CONFLICT),
            Self::Busy => ("TOOMANYREQUESTS", StatusCode::TOO_MANY_REQUESTS),
            Self::TagInvalid => ("TAG_INVALID", StatusCode::BAD_REQUEST),
            Self::DigestInvalid => ("DIGEST_INVALID", StatusCode::BAD_REQUEST),
            Self::PaginationNumberInvalid => ("PAGINATION_NUMBER_INVALID", StatusCode::BAD_REQUEST),
            Self::Unsupported => ("UNSUPPORTED", StatusCode::METHOD_NOT_ALLOWED),
            Self::Unavailable => ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unknown => ("UNKNOWN", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: Code,
    /// For the person at the other end.
    pub message: String,
    /// What else the answer's head says.
    pub headers: Vec<(HeaderName, String)>,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            headers: Vec::new(),
        }
    }

    /// The same, with more in its head.
    pub fn with(mut self, headers: Vec<(HeaderName, String)>) -> Self {
        self.headers = headers;
        self
    }

    /// What the engine refused of a push.
    pub fn from_push(error: PushError) -> Self {
        let code = match &error {
            PushError::UnknownUpload(_) => Code::UploadUnknown,
            PushError::OutOfOrder(_) => Code::RangeInvalid,
            PushError::WrongDigest(_) => Code::DigestInvalid,
            PushError::WrongSize(_) => Code::SizeInvalid,
            PushError::TooLarge(_) => Code::TooLarge,
            PushError::Broken(_) => Code::UploadInvalid,
            PushError::BadManifest(_) => Code::ManifestInvalid,
            PushError::MissingBlob(_) => Code::ManifestBlobUnknown,
            PushError::InUse(_) => Code::Unsupported,
            PushError::Engine(Error::Invalid { .. } | Error::Conflict(_)) => Code::Refused,
            PushError::Engine(error) => return Self::from_engine(error, Code::NameUnknown),
        };
        Self::new(code, error.to_string())
    }

    /// What the engine refused, where `missing` is the code for something that is not there. A fault of ours is logged
    /// here, once, and not shown.
    pub fn from_engine(error: &Error, missing: Code) -> Self {
        match error {
            Error::NotFound(message) => Self::new(missing, message),
            Error::Denied(message) => Self::new(Code::Denied, message),
            Error::Invalid { message, .. } => Self::new(Code::NameInvalid, message),
            Error::Conflict(message) => Self::new(Code::Denied, message),
            Error::Upstream {
                message,
                hint,
                busy,
            } => Self::new(
                if *busy {
                    Code::Busy
                } else {
                    missing_upstream(missing)
                },
                format!(
                    "the registry this comes from does not give it: {}. {hint}",
                    message.trim_start_matches("Internal error occurred: ")
                )
                .trim(),
            ),
            Error::Internal { .. } => {
                tracing::error!(%error, "a registry request failed");
                let message = match error.place_of_blobs() {
                    Some(io::ErrorKind::StorageFull) => {
                        "there is no room left on the disk of Weir; its administrator has to make some"
                    }
                    Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                        "the place where Weir keeps blobs refuses it; its administrator has to see to its rights and its room"
                    }
                    Some(io::ErrorKind::HostUnreachable) => {
                        "the place where Weir keeps blobs does not work; try again later, and if it stays so tell its administrator"
                    }
                    _ => FAULT,
                };
                Self::new(Code::Unknown, message)
            }
        }
    }

    /// Name of the code on the wire.
    pub fn word(&self) -> &'static str {
        self.code.row().0
    }
}

/// What clients are told when another registry did not give it: a code with which they print why.
fn missing_upstream(missing: Code) -> Code {
    match missing {
        Code::ManifestUnknown => Code::PullThrough,
        other => other,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, status) = self.code.row();
        let body = json!({ "errors": [{ "code": code, "message": self.message }] });
        let mut response = (status, Json(body)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
