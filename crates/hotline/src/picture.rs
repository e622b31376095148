//! Shows pictures without their metadata, such as the place where a photo was taken (requirements C12 and B15).
//!
//! A picture of a stranger can attack the program that decodes it. Each picture is therefore decoded and encoded again in a process of its own,
//! which gets only the bytes of the picture, has limits of memory and time, and can open no file and write none.

use std::{
    io::{Cursor, Read, Write},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use futures::future::BoxFuture;
use hotline_desk::state::PictureCleaner;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore};

/// The hidden command that runs [`clean`].
pub const COMMAND: &str = "clean-picture";
/// The largest width and height of a picture that is decoded, in pixels.
const LARGEST_SIDE: u32 = 12_000;
/// The largest width and height of a picture that is shown, in pixels.
const SHOWN_SIDE: u32 = 2_000;
/// The largest picture, in bytes. The desk shows none that is larger.
const MOST_BYTES: u64 = 32 << 20;
/// The memory that decoding may take, in bytes.
const DECODING_MEMORY: u64 = 384 << 20;
/// The address space of the process, in bytes.
const ADDRESS_SPACE: u64 = 1 << 30;
/// The processor time of the process, in seconds.
const PROCESSOR_SECONDS: u64 = 15;
/// The longest time for a picture.
const LONGEST: Duration = Duration::from_secs(20);
/// Pictures that are decoded at the same time.
const AT_ONCE: usize = 2;

/// Starts a process for each picture.
pub struct PictureProcesses {
    permits: Arc<Semaphore>,
}

impl PictureProcesses {
    pub fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl PictureCleaner for PictureProcesses {
    fn clean(&self, picture: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>> {
        let permits = Arc::clone(&self.permits);
        Box::pin(async move {
            let _permit = permits.acquire().await.ok()?;
            match tokio::time::timeout(LONGEST, clean_in_process(&picture)).await {
                Ok(Ok(cleaned)) => Some(cleaned),
                Ok(Err(error)) => {
                    tracing::info!(error = %error, "A picture could not be decoded, and is not shown");
                    None
                }
                Err(_) => {
                    tracing::info!("Decoding a picture took too long; it is not shown");
                    None
                }
            }
        })
    }
}

async fn clean_in_process(picture: &[u8]) -> Result<Vec<u8>> {
    let program = std::env::current_exe().context("The path of the program is not known")?;
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("The process for a picture could not be started")?;
    let mut input = child.stdin.take().context("The process has no input")?;
    let send = async move {
        // A process that refuses the picture may end before it has read all of it.
        let _ = input.write_all(picture).await;
        drop(input);
    };
    let ((), output) = tokio::join!(send, child.wait_with_output());
    let output = output?;
    if !output.status.success() || output.stdout.is_empty() {
        bail!("the process ended with {}", output.status);
    }
    Ok(output.stdout)
}

/// Reads a picture from standard input, and writes it to standard output without metadata: turned upright, at most [`SHOWN_SIDE`] pixels wide
/// and high, and only the first picture of an animation.
///
/// # Errors
/// Fails if the input is no picture that can be decoded within the limits.
pub fn clean() -> Result<()> {
    for (resource, most) in [
        (Resource::As, ADDRESS_SPACE),
        (Resource::Cpu, PROCESSOR_SECONDS),
        (Resource::Fsize, 0),
        (Resource::Nofile, 3),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).context("A limit of the process could not be set")?;
    }
    let mut picture = Vec::new();
    std::io::stdin().take(MOST_BYTES).read_to_end(&mut picture)?;
    std::io::stdout().write_all(&clean_bytes(&picture)?)?;
    Ok(())
}

fn clean_bytes(picture: &[u8]) -> Result<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(DECODING_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut decoded = DynamicImage::from_decoder(decoder)?;
    decoded.apply_orientation(orientation);
    if decoded.width().max(decoded.height()) > SHOWN_SIDE {
        decoded = decoded.thumbnail(SHOWN_SIDE, SHOWN_SIDE);
    }
    let mut cleaned = Cursor::new(Vec::new());
    if decoded.color().has_alpha() {
        decoded.to_rgba8().write_to(&mut cleaned, ImageFormat::Png)?;
    } else {
        decoded.to_rgb8().write_to(&mut cleaned, ImageFormat::Jpeg)?;
    }
    Ok(cleaned.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, RgbaImage};

    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_pixel(width, height, Rgb([200, 40, 40]));
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// Inserts Exif data with an orientation and a marker text behind the first two bytes of a JPEG file.
    fn with_exif(jpeg: &[u8], orientation: u8, marker: &[u8]) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        exif.extend(marker);
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let (begin, rest) = jpeg.split_at(2);
        [begin, &[0xff, 0xe1], &length, &exif, rest, b"PK\x03\x04 appended"].concat()
    }

    #[test]
    fn metadata_and_appended_files_are_gone_and_the_picture_is_upright() {
        let original = with_exif(&jpeg(40, 20), 6, b"GPS 44.8 20.4");
        let cleaned = clean_bytes(&original).unwrap();
        let has = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        for word in [&b"Exif"[..], b"GPS", b"PK\x03\x04"] {
            assert!(has(&original, word) && !has(&cleaned, word));
        }
        let shown = image::load_from_memory(&cleaned).unwrap();
        assert_eq!((shown.width(), shown.height()), (20, 40));
    }

    #[test]
    fn a_large_picture_is_shown_smaller_and_a_transparent_one_stays_so() {
        let shown = image::load_from_memory(&clean_bytes(&jpeg(4_000, 1_000)).unwrap()).unwrap();
        assert_eq!((shown.width(), shown.height()), (2_000, 500));
        let mut png = Cursor::new(Vec::new());
        RgbaImage::new(3, 3).write_to(&mut png, ImageFormat::Png).unwrap();
        let shown = image::load_from_memory(&clean_bytes(&png.into_inner()).unwrap()).unwrap();
        assert!(shown.color().has_alpha());
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in [&b""[..], b"<svg/>", b"\x89PNG\r\n\x1a\n", &jpeg(40, 20)[..200]] {
            assert!(clean_bytes(bytes).is_err());
        }
    }
}
