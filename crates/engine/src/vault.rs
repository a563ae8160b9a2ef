//! Encrypts secrets that rest in the database. The key rests elsewhere: in the data folder or the configuration.

use std::{fs, io, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::{Error, Result, clock::random};

/// Bytes of a key.
pub const KEY: usize = 32;

/// Holds the key.
pub struct Vault {
    key: LessSafeKey,
}

impl Vault {
    /// With this key.
    ///
    /// # Errors
    /// Never for a key of the right length.
    pub fn new(key: &[u8; KEY]) -> Result<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| Error::Internal {
            doing: "reading the secret key",
            source: "it is no key".into(),
        })?;
        Ok(Self {
            key: LessSafeKey::new(key),
        })
    }

    /// With the key in a file, which is made with a new one if it is missing, for its owner only.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn in_file(path: &Path) -> Result<Self> {
        let broken = |error: io::Error| Error::Internal {
            doing: "reading or making the file secret.key in WEIR_DATA",
            source: Box::new(error),
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(broken)?;
                // Another process may have been first: what is there counts.
                fs::read_to_string(path).map_err(broken)?
            }
            Err(error) => return Err(broken(error)),
        };
        let key = parse_key(&text).ok_or_else(|| Error::Internal {
            doing: "reading the file secret.key in WEIR_DATA",
            source: "it does not hold 64 hexadecimal digits".into(),
        })?;
        Self::new(&key)
    }

    /// Encrypts. `about` is bound to it: the same secret beside something else cannot be read.
    ///
    /// # Errors
    /// Never in practice.
    pub fn seal(&self, about: &str, secret: &str) -> Result<String> {
        let nonce = random::<NONCE_LEN>();
        let mut bytes = secret.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(about.as_bytes()),
                &mut bytes,
            )
            .map_err(|_| Error::Internal {
                doing: "encrypting a secret",
                source: "it is too long".into(),
            })?;
        Ok(BASE64.encode([nonce.as_slice(), &bytes].concat()))
    }

    /// Decrypts what [`Vault::seal`] made with the same `about`.
    ///
    /// # Errors
    /// When it was made with another key, or was changed.
    pub fn open(&self, about: &str, sealed: &str) -> Result<String> {
        let unreadable = || {
            Error::Internal {
            doing: "decrypting a stored secret",
            source: "it was encrypted with another key: every process needs the same WEIR_SECRET_KEY or secret.key"
                .into(),
        }
        };
        let mut bytes = BASE64.decode(sealed).map_err(|_| unreadable())?;
        let (nonce, rest) = bytes
            .split_at_mut_checked(NONCE_LEN)
            .ok_or_else(unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let secret = self
            .key
            .open_in_place(nonce, Aad::from(about.as_bytes()), rest)
            .map_err(|_| unreadable())?;
        String::from_utf8(secret.to_vec()).map_err(|_| unreadable())
    }
}

/// Reads a key written as 64 hexadecimal digits.
#[must_use]
pub fn parse_key(text: &str) -> Option<[u8; KEY]> {
    let text = text.trim();
    if text.len() != KEY * 2 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY];
    for (i, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(i * 2..i * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

/// Writes a new key; nothing if there is one by now.
fn make(path: &Path) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let text = crate::clock::secret::<KEY>();
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_with_its_key_and_beside_what_it_was_given_for_only() {
        let vault = Vault::new(&[1; KEY]).unwrap();
        let sealed = vault.seal("team quay.io robot", "päss").unwrap();
        assert!(!sealed.contains("päss"));
        assert_ne!(sealed, vault.seal("team quay.io robot", "päss").unwrap());
        assert_eq!(vault.open("team quay.io robot", &sealed).unwrap(), "päss");
        assert!(vault.open("team evil.io robot", &sealed).is_err());
        assert!(
            Vault::new(&[2; KEY])
                .unwrap()
                .open("team quay.io robot", &sealed)
                .is_err()
        );
        for broken in ["", "AAAA", "no base64!"] {
            assert!(
                vault.open("team quay.io robot", broken).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn a_key_file_is_made_once_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let sealed = Vault::in_file(&path).unwrap().seal("a", "secret").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            Vault::in_file(&path).unwrap().open("a", &sealed).unwrap(),
            "secret"
        );
        fs::write(&path, "short").unwrap();
        assert!(Vault::in_file(&path).is_err());
    }
}
