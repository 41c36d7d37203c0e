// The Tokenizer as a JavaScript object. Arguments were checked in lib/tokenizer.ts.

#include <cstring>

#include "binding/register.h"
#include "binding/values/errors.h"
#include "binding/values/tokenizer_object.h"

namespace ouroboros::binding {
namespace {

// Marks our objects, so that a foreign one is refused rather than misread. Random numbers.
constexpr napi_type_tag kTokenizerTag = {0x6f7c1d5b9a3e4286, 0xb2d40c67e8f15a93};

Napi::Value BytesToJs(Napi::Env env, std::string_view bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

// A string crosses as UTF-8, half surrogate pairs as U+FFFD, like everywhere in JavaScript.
std::string BytesFromJs(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(array.Data()), array.ElementLength()};
}

class TokenizerObject : public Napi::ObjectWrap<TokenizerObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Tokenizer",
        {InstanceAccessor<&TokenizerObject::Size>("size"), InstanceAccessor<&TokenizerObject::Hash>("hash"),
         InstanceMethod<&TokenizerObject::Encode>("encode"),
         InstanceMethod<&TokenizerObject::DecodeBytes>("decodeBytes"),
         InstanceMethod<&TokenizerObject::BytesOf>("bytesOf")});
  }

  // new Tokenizer(path)
  explicit TokenizerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    Guard(info.Env(), [&] { tokenizer_ = Tokenizer::Load(info[0].As<Napi::String>()); });
    info.This().As<Napi::Object>().TypeTag(&kTokenizerTag);
  }

  const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }

 private:
  Napi::Value Size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(tokenizer_->size()));
  }

  Napi::Value Hash(const Napi::CallbackInfo& info) {
    return Napi::String::New(info.Env(), tokenizer_->hash());
  }

  Napi::Value Encode(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&]() -> Napi::Value {
      std::vector<std::uint32_t> tokens;
      tokenizer_->Encode(BytesFromJs(info[0]), tokens);
      Napi::Uint32Array array = Napi::Uint32Array::New(info.Env(), tokens.size());
      std::ranges::copy(tokens, array.Data());
      return array;
    });
  }

  Napi::Value DecodeBytes(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      const Napi::Uint32Array tokens = info[0].As<Napi::Uint32Array>();
      std::string bytes;
      tokenizer_->Decode({tokens.Data(), tokens.ElementLength()}, bytes);
      return BytesToJs(info.Env(), bytes);
    });
  }

  Napi::Value BytesOf(const Napi::CallbackInfo& info) {
    const std::optional<std::string_view> bytes =
        tokenizer_->BytesOf(info[0].As<Napi::Number>().Uint32Value());
    return bytes ? BytesToJs(info.Env(), *bytes) : info.Env().Undefined();
  }

  std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace

std::shared_ptr<const Tokenizer> TokenizerOf(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTokenizerTag)) {
    throw Napi::TypeError::New(value.Env(), "this is not a Tokenizer made by loadTokenizer");
  }
  return TokenizerObject::Unwrap(value.As<Napi::Object>())->tokenizer();
}

void RegisterText(Napi::Env env, Napi::Object exports) {
  exports.Set("Tokenizer", TokenizerObject::Define(env));
}

}  // namespace ouroboros::binding
