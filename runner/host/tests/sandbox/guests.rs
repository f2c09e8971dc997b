//! Guests: small ones in WebAssembly text, others compiled from Rust by the toolchain that builds this test.

use std::path::{Path, PathBuf};
use std::process::Command;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component of the world `step` from the text of a core module, whose imports are named as in
/// `(import "capstep:step/time@0.1.0" "now" …)`. `$fields` gets a memory, an allocator and what `run` returns through.
pub(crate) fn step(fields: &str) -> Vec<u8> {
    let mut module = wat::parse_str(step_module(fields)).unwrap();
    let (resolve, package) = interface();
    let world = resolve.select_world(&[package], Some("step")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

fn interface() -> (Resolve, wit_parser::PackageId) {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    (resolve, package)
}

fn step_module(fields: &str) -> String {
    let (imports, rest): (Vec<&str>, Vec<&str>) = fields
        .lines()
        .partition(|line| line.trim().starts_with("(import"));
    format!(
        r#"(module
            {imports}
            (memory (export "memory") 2)
            (global $next (mut i32) (i32.const 4096))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            ;; The result at 0: ok, the text at 1024.
            (func $ok (param $length i32) (result i32)
                (i32.store8 (i32.const 0) (i32.const 0))
                (i32.store (i32.const 4) (i32.const 1024))
                (i32.store (i32.const 8) (local.get $length))
                (i32.const 0))
            {rest}
        )"#,
        imports = imports.join("\n"),
        rest = rest.join("\n"),
    )
}

/// The simplest step there is.
pub(crate) fn noop() -> Vec<u8> {
    step(
        r#"(data (i32.const 1024) "{}")
           (func (export "run") (param i32 i32) (result i32) (call $ok (i32.const 2)))"#,
    )
}

/// A step whose `run` is this body before it returns `{}`.
pub(crate) fn doing(body: &str) -> Vec<u8> {
    step(&format!(
        r#"(data (i32.const 1024) "{{}}")
           (func $work (export "run") (param i32 i32) (result i32) {body} (call $ok (i32.const 2)))"#
    ))
}

/// A WASI 0.1 command that does this. `$print`: writes a text to standard output; `$read_some`: reads from standard
/// input to 65536, how many bytes.
pub(crate) fn command(data: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
            (memory (export "memory") 40)
            (func $write (param $fd i32) (param $at i32) (param $length i32)
                (loop $more
                    (i32.store (i32.const 0) (local.get $at))
                    (i32.store (i32.const 4) (local.get $length))
                    (if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
                    (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
                    (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
                    (br_if $more (local.get $length))))
            (func $print (param i32 i32) (call $write (i32.const 1) (local.get 0) (local.get 1)))
            (func $read_some (result i32)
                (i32.store (i32.const 0) (i32.const 65536))
                (i32.store (i32.const 4) (i32.const 65536))
                (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
                (i32.load (i32.const 8)))
            ;; Copies a piece of standard input to standard error, so that the test sees it.
            (func $echo (local $length i32)
                (local.set $length (call $read_some))
                (if (local.get $length) (then (call $write (i32.const 2) (i32.const 65536) (local.get $length)))))
            {data}
            (func (export "_start") {body})
        )"#
    );
    wat::parse_str(text).unwrap()
}

/// A command that writes these lines, reading once after each of them, and then ends.
pub(crate) fn talking(lines: &[&str]) -> Vec<u8> {
    let mut data = String::new();
    let mut body = String::new();
    let mut at = 1024;
    for line in lines {
        let text = format!("{line}\n");
        let escaped: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        data.push_str(&format!("(data (i32.const {at}) \"{escaped}\")\n"));
        body.push_str(&format!(
            "(call $print (i32.const {at}) (i32.const {})) (call $echo)\n",
            text.len()
        ));
        at += text.len();
    }
    assert!(at < 65536);
    command(&data, &format!("(call $echo) {body}"))
}

/// A Rust program without dependencies, compiled for a target.
pub(crate) fn rust(name: &str, source: &str, target: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{name}.rs"));
    std::fs::write(&file, source).unwrap();
    let output: PathBuf = folder.path().join(format!("{name}.wasm"));
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let result = Command::new(compiler)
        .args([
            "--edition",
            "2024",
            "--target",
            target,
            "-Copt-level=1",
            "-Cdebuginfo=0",
            "-o",
        ])
        .arg(&output)
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        result.status.success(),
        "{}",
        String::from_utf8_lossy(&result.stderr)
    );
    std::fs::read(output).unwrap()
}
